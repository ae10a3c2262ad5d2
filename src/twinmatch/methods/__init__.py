"""
What a matching can do: functions of a matching, which :class:`twinmatch.Matching` binds as its methods.

They are put together by what they are for. A function that leads to a package of its own, such as
:mod:`twinmatch.explaining`, is a door: it has the signature and the documentation, and loads that package
when it is called. So a program pays for what it uses, and the class stays a table of contents.
"""
