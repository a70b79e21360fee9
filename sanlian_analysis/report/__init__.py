"""Reports: one executed notebook and one self-contained page per county, and an index."""
