"""What a scope would lose: episodes of the past, named scenarios, and the stress the other way round."""
