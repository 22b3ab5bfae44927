"""How keys lie on a disk: the file, what opens it, and what notices an old one."""
