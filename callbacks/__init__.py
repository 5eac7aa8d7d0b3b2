"""Answers the browser. `register_all` hands every callback its services; nothing is registered at import.

Every callback is a coroutine and does its work in a thread: a blocking one would stop the event loop for everybody.
"""
