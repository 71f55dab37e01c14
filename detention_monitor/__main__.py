"""`python -m detention_monitor` is the same as the command `detention-monitor`."""

from detention_monitor.cli import main

if __name__ == "__main__":
    main()
