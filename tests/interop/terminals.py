"""What a program shows on a terminal, and what somebody who sits there types."""

from __future__ import annotations

import os
import re
import select
import termios

from lab import until


def talk(terminal: int, answers: dict[str, str], end: str | None) -> str:
    """Answers prompts as they come, until the program has said the last words; None: until it is gone."""
    said = ""
    open_prompts = dict(answers)

    def probe() -> bool:
        nonlocal said
        if not select.select([terminal], [], [], 0)[0]:
            return False
        try:
            said += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # the other side is gone
            return end is None or end in said
        for prompt in [prompt for prompt in open_prompts if prompt in said]:
            if re.search("PIN|Password", prompt):
                until(lambda: not shows_input(terminal), 20, f"{prompt!r} hides its answer")
            os.write(terminal, open_prompts.pop(prompt).encode() + b"\n")
        return end is not None and end in said

    until(probe, 20, f"the terminal shows {end!r}" if end else "it ends")
    return said


def shows_input(terminal: int) -> bool:
    """Stock prompts first; what comes before it has hidden the answer is thrown away."""
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
