"""`python -m keel`: the command, wherever the interpreter is."""

from keel.cli import main

if __name__ == "__main__":
    main()
