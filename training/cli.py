"""The commands of training, put together: each lies in `commands/`, which parse and print.

Every command reads the configuration that `--config` (or SELFSAME_CONFIG) names. `--json` prints one object on stdout;
whatever moves goes to stderr. Expected failures rise as `SelfsameError`: the program's `main` prints them.
"""

import typer

from model_server.cli import blend as blend_app
from training.commands.blend_cli import fit
from training.commands.contacts_cli import app as contacts_app
from training.commands.corpus_cli import corpus_app
from training.commands.cuts_cli import cut, cuts, uncut
from training.commands.evaluate_cli import evaluate
from training.commands.import_cli import import_
from training.commands.learn_cli import learn
from training.commands.own_cli import own_app
from training.commands.sample_cli import sample
from training.commands.train_cli import train
from training.commands.vote_cli import vote_app

app = typer.Typer(no_args_is_help=True)
app.command()(sample)
app.command()(train)
app.command()(evaluate)
app.command()(learn)
app.add_typer(own_app, name="own")
app.add_typer(vote_app, name="vote")
blend_app.command()(fit)
app.command("import")(import_)
app.add_typer(contacts_app, name="contacts")
for command in (cut, cuts, uncut):
    corpus_app.command()(command)
app.add_typer(corpus_app, name="corpus")
