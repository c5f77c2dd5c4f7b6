"""Commands of the command line, one module each: SUMMARY, EXAMPLES, add_arguments(parser), run(options).

What they share: arguments.py (flags), inputs.py, positions.py and rows.py (what flags name), outputs.py.
"""
