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
Exit codes: 0 done, 1 a step failed, 2 `plan --exit-code` found changes, 64 command line,
65 configuration, 69 no engine, 70 bug in windlass, 130 interrupted; `exec`: the command's own.";

pub(super) const PLAN: &str = "\
Glyphs: + create   ~ change in place   ± recreate   - remove   ! needs consent   = left alone

Examples:
  windlass plan                     what `up` would do
  windlass plan web -v              also what is left alone
  windlass plan --for down          what `down` would do
  windlass plan --exit-code -q      2 if there is something to do, for scripts
  windlass plan --offline           against an empty engine, without asking one";

pub(super) const UP: &str = "\
Examples:
  windlass up                       everything
  windlass up web                   web, and what it depends on
  windlass up --dry-run             only the plan
  windlass up --set tag=1.3         with another value of a variable
  windlass up --recreate web        web anew, even if nothing changed
  windlass up --yes                 for scripts: no questions, even where data is lost";

pub(super) const DOWN: &str = "\
Examples:
  windlass down                     containers and networks
  windlass down web                 web, and what depends on it
  windlass down --volumes           also the volumes: asks, because data is lost
  windlass down --images            also the images that were built";

pub(super) const CREATE: &str = "\
Examples:
  windlass create                   everything, ready to be started
  windlass create --pull=always     with fresh images";

pub(super) const START: &str = "\
Examples:
  windlass start                    all that is there and does not run
  windlass start web --no-deps      web alone";

pub(super) const STOP: &str = "\
Examples:
  windlass stop                     everything
  windlass stop web --timeout 30    with 30 seconds to end by itself";

pub(super) const RESTART: &str = "\
Examples:
  windlass restart web              web, and what depends on it
  windlass restart web --no-deps    web alone";

pub(super) const KILL: &str = "\
Examples:
  windlass kill web                 SIGKILL
  windlass kill web -s SIGHUP       let it read its configuration again";

pub(super) const PAUSE: &str = "\
Examples:
  windlass pause web                freeze it
  windlass unpause web              let it go on";

pub(super) const UNPAUSE: &str = "\
Examples:
  windlass unpause                  everything that is paused";

pub(super) const RM: &str = "\
Examples:
  windlass rm                       all containers that do not run
  windlass rm --force web           web, even if it runs";

pub(super) const BUILD: &str = "\
Examples:
  windlass build                    every image whose inputs changed
  windlass build app --no-cache     one image, from the beginning";

pub(super) const PULL: &str = "\
Examples:
  windlass pull                     every external image
  windlass pull web                 the image of web";

pub(super) const PS: &str = "\
Examples:
  windlass ps                       every container of the project, also those that do not run
  windlass ps --names               names on the engine, for scripts
  windlass ps --output json         one JSON object per container";

pub(super) const LOGS: &str = "\
Examples:
  windlass logs                     everything that is kept, of all containers, by time
  windlass logs -f web              web, and on
  windlass logs --tail 20 -t        the last 20 lines of each, with times
  windlass logs --since 10m web     of the last ten minutes";

pub(super) const EXEC: &str = "\
Examples:
  windlass exec web -- sh                       a shell
  windlass exec web -- cat /etc/hosts           its exit code is the command's
  windlass exec db -- psql -f - < dump.sql      with standard input";

pub(super) const TOP: &str = "\
Examples:
  windlass top                      the processes of all containers
  windlass top web                  of web";

pub(super) const PORT: &str = "\
Examples:
  windlass port                     every published port
  windlass port web                 of web";

pub(super) const IMAGES: &str = "\
Examples:
  windlass images                   images, and whether they are there";

pub(super) const CONFIG: &str = "\
Examples:
  windlass config                   the whole project in long form
  windlass config --check           only the errors
  windlass config --order           containers in the order of their dependencies
  windlass config --output json     for programs";

pub(super) const GRAPH: &str = "\
Examples:
  windlass graph                    everything
  windlass graph web                what web needs";

pub(super) const TASKS: &str = "\
Examples:
  windlass tasks                    tasks by label";

pub(super) const COMPLETIONS: &str = "\
Examples:
  windlass completions bash > /etc/bash_completion.d/windlass
  windlass completions zsh > ~/.zfunc/_windlass
  windlass completions fish > ~/.config/fish/completions/windlass.fish";

pub(super) const MAN: &str = "\
Examples:
  windlass man | man -l -           read it
  windlass man ./man1               one page per command";
