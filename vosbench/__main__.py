"""``python -m vosbench`` is ``vosbench``."""

from vosbench.cli import main

if __name__ == "__main__":
    main()
