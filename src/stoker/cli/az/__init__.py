"""`stoker az ml ...`: the command line of v1, letter for letter, on the same functions as the rest.

`table.py` says which commands there are, in plain data; one file a group holds what works; `dispatch.py` finds the
command that is meant, and `command.py` takes the options that all have.
"""
