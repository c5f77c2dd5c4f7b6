"""Commands of the command line, one module each: SUMMARY, EXAMPLES, add_arguments(parser), run(options)."""
