"""The vault as a process: its socket, what may be asked, and what keeps others out of its memory."""
