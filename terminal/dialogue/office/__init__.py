"""The rooms behind 管理后台 (terminal/dialogue/back_office.py), one file each."""
