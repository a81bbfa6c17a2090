//! Examples at the end of each command's help.
//!
//! Invariant: every example can be typed as it stands in a project that has a container `web`.

pub(super) const WINDLASS: &str = "\
Start here:
  windlass plan            what would be done, and why
  windlass up              do it, and wait until everything is ready
  windlass ps              what runs
  windlass logs -f web     what it writes
  windlass down            stop and remove; volumes stay

`windlass COMMAND --help` has examples of every command.
Exit codes: 0 done, 1 a step failed, 2 `plan --exit-code` found changes, 3 another run is changing
the project, 64 command line, 65 configuration, 69 no engine, 70 bug in windlass, 130 interrupted;
`exec`: the command's own.";

pub(super) const PLAN: &str = "\
Glyphs: + create   ~ change in place   ± recreate   - remove   ! needs consent   = left alone

Examples:
  windlass plan                     what `up` would do
  windlass plan web -v              also what is left alone
  windlass plan --for down          what `down` would do
  windlass plan --exit-code -q      2 if there is something to do, for scripts
  windlass plan --offline           against an empty engine, without asking one

Exit codes: 0 done, 2 `--exit-code` found something to do, 1 something is in the way, 64 command
line, 65 files, 69 no engine.";

pub(super) const UP: &str = "\
Examples:
  windlass up                       everything
  windlass up web                   web, and what it depends on
  windlass up --dry-run             only the plan
  windlass up --set tag=1.3         with another value of a variable
  windlass up --recreate web        web anew, even if nothing changed
  windlass up --yes                 for scripts: no questions; what would lose data is refused

Ctrl-C once starts nothing more and lets what runs end (30 seconds at most); twice ends at once.
Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const DOWN: &str = "\
Examples:
  windlass down                     containers and networks
  windlass down web                 web, and what depends on it
  windlass down --volumes           also the volumes: asks, because data is lost
  windlass down --destroy-volume db_data   also this volume, without a question
  windlass down --images            also the images that were built

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const CREATE: &str = "\
Examples:
  windlass create                   everything, ready to be started
  windlass create --pull=always     with fresh images

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const START: &str = "\
Examples:
  windlass start                    all that is there and does not run
  windlass start web --no-deps      web alone

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const STOP: &str = "\
Examples:
  windlass stop                     everything
  windlass stop web --timeout 30    with 30 seconds to end by itself

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const RESTART: &str = "\
Examples:
  windlass restart web              web, and what depends on it
  windlass restart web --no-deps    web alone

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const KILL: &str = "\
Examples:
  windlass kill web                 SIGKILL
  windlass kill web -s SIGHUP       let it read its configuration again

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const PAUSE: &str = "\
Examples:
  windlass pause web                freeze it
  windlass unpause web              let it go on

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const UNPAUSE: &str = "\
Examples:
  windlass unpause                  everything that is paused

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const RM: &str = "\
Examples:
  windlass rm                       all containers that do not run
  windlass rm -f web                web, even if it runs

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const BUILD: &str = "\
Examples:
  windlass build                    every image whose inputs changed
  windlass build app --no-cache     one image, from the beginning

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const PULL: &str = "\
Examples:
  windlass pull                     every external image
  windlass pull web                 the image of web

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const ROLLBACK: &str = "\
Examples:
  windlass rollback web             web as it was before it was last replaced
  windlass rollback --dry-run       what that means, for everything

What ran before is made again, of the same image, and is waited for; if it does not become ready,
what runs now stays. The file still says otherwise: the next `up` goes forward again.

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const UNLOCK: &str = "\
Examples:
  windlass unlock 3f2a9c01d4e8      the lock that a refused run named

A lock whose run was killed on this machine is freed by itself; this is for one of another machine.

Exit codes: 0 done, 1 a step failed, 64 command line, 65 files, 69 no engine.";

pub(super) const PS: &str = "\
Examples:
  windlass ps                       every container of the project, also those that do not run
  windlass ps -q                    ids, for scripts
  windlass ps --names               names on the engine, for scripts
  windlass ps --output json         one JSON object per container

Exit codes: 0 done, 1 failed, 64 command line, 65 files, 69 no engine.";

pub(super) const LOGS: &str = "\
Examples:
  windlass logs                     everything that is kept, of all containers, by time
  windlass logs -f web              web, and on
  windlass logs --tail 20 -t        the last 20 lines of each, with times
  windlass logs --since 10m web     of the last ten minutes

Exit codes: 0 done, 1 failed, 64 command line, 65 files, 69 no engine.";

pub(super) const EXEC: &str = "\
Examples:
  windlass exec web -- sh                       a shell
  windlass exec web -- cat /etc/hosts           its exit code is the command's
  windlass exec db -- psql -f - < dump.sql      with standard input

Exit codes: the command's own; 1 it could not be run, 64 command line, 65 files, 69 no engine.";

pub(super) const TOP: &str = "\
Examples:
  windlass top                      the processes of all containers
  windlass top web                  of web

Exit codes: 0 done, 1 failed, 64 command line, 65 files, 69 no engine.";

pub(super) const PORT: &str = "\
Examples:
  windlass port                     every published port
  windlass port web                 of web
  windlass port web 80              only where port 80 of web is

Exit codes: 0 done, 1 failed, 64 command line, 65 files, 69 no engine.";

pub(super) const IMAGES: &str = "\
Examples:
  windlass images                   images, and whether they are there

Exit codes: 0 done, 1 failed, 64 command line, 65 files, 69 no engine.";

pub(super) const CONFIG: &str = "\
Examples:
  windlass config                   the whole project in long form
  windlass config --check           only the errors
  windlass config --order           containers in the order of their dependencies
  windlass config --output json     for programs

Exit codes: 0 well, 64 command line, 65 files are wrong.";

pub(super) const GRAPH: &str = "\
Examples:
  windlass graph                    everything
  windlass graph web                what web needs

Exit codes: 0 well, 64 command line, 65 files are wrong.";

pub(super) const TASKS: &str = "\
Examples:
  windlass tasks                    tasks by label

Exit codes: 0 well, 64 command line, 65 files are wrong.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  windlass completions bash > /etc/bash_completion.d/windlass
  windlass completions zsh > ~/.zfunc/_windlass
  windlass completions fish > ~/.config/fish/completions/windlass.fish

Exit codes: 0 done, 1 it could not be written, 64 command line.";

pub(super) const MAN: &str = "\
Examples:
  windlass man | man -l -           read it
  windlass man ./man1               one page per command

Exit codes: 0 done, 1 it could not be written, 64 command line.";
