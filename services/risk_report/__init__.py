"""All that is told of a portfolio's risk, laid out from the services that work it out: `/risk` and its screen read it here."""
