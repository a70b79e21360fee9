"""The one kind of error that a user can mend."""


class SanlianError(Exception):
    """Something that the user gave cannot be used.

    The message names the file, the place and the mend; the command line shows
    it alone, without a traceback, and ends with exit status 2.
    """
