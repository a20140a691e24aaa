"""The way of data: in which order its stages run, and how far they are behind."""
