"""The journal: everything that was published, on disk. It knows no wire protocol.

It imports nothing here: the program that packs the archive would have to load it all.
"""
