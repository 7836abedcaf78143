"""From equations to machine code: traced once on symbols, differentiated, scheduled in loops, written as LLVM's IR.

The laws' equations run unchanged on the symbols of `trace.py`, as they do on NumPy's arrays. What is compiled is structure
only: lengths, indices and numbers are read when the code runs. llvmlite compiles it in a tenth of a second, so that no
machine code is kept on disk.
"""
