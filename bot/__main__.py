"""`python -m bot`: one bot process (the Procfile runs it). Everything is in `bot.app`."""

from bot.app import main

if __name__ == "__main__":
    main()
