"""All that is particular to a terminal: what is written to it, in which colours and characters,
and which keys are believed. The rest of the screen does not know that it exists.

``output`` is the way of a frame, ``shadow`` and ``pen`` make it small, ``colours`` and ``glyphs``
fit it to the terminal, ``keyboard`` holds back the rests of broken escape sequences.
"""
