# Comes with the compiler's command line: see the next change.
