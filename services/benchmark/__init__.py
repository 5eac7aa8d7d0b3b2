"""What a portfolio is measured against: instruments and blends of them, and every figure that stands between the two.

`Services.benchmark.compare(actor, scope, BenchmarkQuestion()) -> BenchmarkView`; `Services.blends` has `find get create change remove
restore` of blends and `choices(actor) -> list[Choice]`, everything that can be compared with.
"""
