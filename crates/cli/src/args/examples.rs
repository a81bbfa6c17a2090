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
`exec`, `script`: the command's own.";

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
  windlass pull --external          also what images are built on
  windlass pull debian:12           one that the file does not declare

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const PUSH: &str = "\
Examples:
  windlass push app                 build it if need be, then push it with all its tags
  windlass push --all               every image with `push: true`
  windlass push --all --dry-run     only the plan

Credentials: `engines.NAME.registries` of the file, then DOCKER_AUTH_CONFIG, then those of `docker login`.

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const TAG: &str = "\
Examples:
  windlass tag app 1.2              under its own name
  windlass tag app 1.2 --push       and push it
  windlass tag app mirror.example.com/app:1.2

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const UNTAG: &str = "\
Examples:
  windlass untag app 1.2            here; what was pushed stays in its registry

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const LOGIN: &str = "\
Examples:
  windlass login --check            every registry that the project uses
  windlass login --check registry.example.com

Credentials: `engines.NAME.registries` of the file, then DOCKER_AUTH_CONFIG, then those of `docker login`.

Exit codes: 0 all accept, 1 one does not, 64 command line, 65 files, 69 no engine.";

pub(super) const ROLLBACK: &str = "\
Examples:
  windlass rollback web             web as it was before it was last replaced
  windlass rollback --dry-run       what that means, for everything

What ran before is made again, of the same image, and is waited for; if it does not become ready,
what runs now stays. The file still says otherwise: the next `up` goes forward again.

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const CLEAN: &str = "\
Examples:
  windlass clean                    containers that are not in the file any more, images that lost their name
  windlass clean --dry-run          only show them
  windlass clean --all              also what no project made, on every engine of this one: asks
  windlass clean --all --remove-old --keep-tag stable   also images whose tags are others than latest and stable

Exit codes: 0 done or nothing to do, 1 a step failed, 3 another run holds the project, 64 command
line, 65 files, 69 no engine.";

pub(super) const CP: &str = "\
Examples:
  windlass cp web:/etc/hosts .      a file, to this directory
  windlass cp web:/var/log logs     a directory, under this name
  windlass cp notes.txt web:/tmp/   a file of this machine, into the container
  windlass cp web:/var/log - | tar -tv   a tar, to another program

Exit codes: 0 done, 1 it could not be copied, or not all of it, 64 command line, 65 files, 69 no
engine.";

pub(super) const SAVE: &str = "\
Examples:
  windlass save app -o app.tar      an image of the file
  windlass save busybox:1 | gzip > busybox.tar.gz

Exit codes: 0 done, 1 there is no such image, 64 command line, 65 files, 69 no engine.";

pub(super) const RETRIEVE: &str = "\
Examples:
  windlass retrieve app /usr/share/app -o app.tar.gz   a tar of a directory
  windlass retrieve app /usr/bin/app --untar           a file, to this directory
  windlass retrieve app /var/www/. -x -o public        what is in a directory, into this one
  windlass retrieve app /etc --no-build | tar -t       of the image that is there

Exit codes: 0 done, 1 a step failed, there is no such path, or not all of it could be written, 3
another run holds the project, 64 command line, 65 files, 69 no engine.";

pub(super) const LOCK: &str = "\
Examples:
  windlass lock                     ask the registries, and write windlass.lock
  windlass lock --check             for CI: is it what the registries have?
  windlass up --locked              use what it says, and nothing else

Exit codes: 0 done, 1 there is no digest of an image, 2 `--check` found it out of date, 64 command
line, 65 files, 69 no engine.";

pub(super) const DOCKERFILE: &str = "\
Examples:
  windlass dockerfile app           also of an image that is made of commands

Exit codes: 0 done, 64 command line, 65 files.";

pub(super) const CONTEXT: &str = "\
Examples:
  windlass context app -o app.tar
  windlass context app | tar -tv    what a build would see

The tar has the Dockerfile, too: `docker build -f .windlass.Dockerfile - < app.tar` builds the same image.
Of an image of resources it is `Dockerfile`: `docker build - < app.tar`; and, for BuildKit alone, Dockerfile.buildkit.

Exit codes: 0 done, 1 it could not be written, 64 command line, 65 files.";

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
  windlass exec -it web -- sh                   a shell; `windlass shell web` finds one
  windlass exec web -- cat /etc/hosts           its exit code is the command's
  windlass exec db -- psql -f - < dump.sql      with standard input

Exit codes: the command's own; 1 it could not be run, 64 command line, 65 files, 69 no engine.";

pub(super) const SHELL: &str = "\
Examples:
  windlass shell web                in the container web, which must run
  windlass shell app                in a new container of the image app, which goes with it
  windlass shell web --new -u root  in a new container like web, as root

Ctrl-p Ctrl-q leaves it to itself (`--detach-keys`).
Exit codes: the shell's own; 1 there is none, 64 command line, 65 files, 69 no engine.";

pub(super) const ATTACH: &str = "\
Examples:
  windlass attach web               what it writes, and what is typed for it
  windlass attach web --no-stdin    only what it writes
  windlass attach web --detach-keys ctrl-x,x

Ctrl-p Ctrl-q leaves it to itself (`--detach-keys`); so does Ctrl-C where it has no terminal.
Exit codes: that of its main process if it ends meanwhile; 0 detached, 1 it does not run, 64 command line, 65 files,
69 no engine, 130 interrupted.";

pub(super) const RUN: &str = "\
Examples:
  windlass run test                 the task `test`, after those that it needs
  windlass run test -- -k 'a b'     with words of its own
  windlass run web -e A -e B=1 -- env           a program in a container like web
  windlass run image:app -- sh      in one of the image app, where a container is called so, too
  windlass run release --dry-run    what a task would do whose `action` is a command, such as `push`
  windlass tasks                    which tasks there are

Exit codes: the program's or the command's own; 124 not over by --deadline, 126 or 127 can't be run,
1 failed before, 3 another run is changing the project, 64 command line, 65 files, 69 no engine, 130 interrupted.";

pub(super) const SCRIPT: &str = "\
Examples:
  windlass script web migrate.sh                run it as the web container would
  windlass script web load.sh -- --all          with arguments
  windlass script web - < fix.sh                a script that is piped in
  windlass script web jobs -- sh {script_path}/all.sh

Exit codes: the script's own; 124 not over by --deadline, 126 or 127 can't be run,
1 failed before, 3 another run is changing the project, 64 command line, 65 files, 69 no engine, 130 interrupted.";

pub(super) const SERVE: &str = "\
Examples:
  windlass serve                                a page and a token, on a free port of this machine alone
  windlass serve --port-file .port              for scripts: the port in .port, the token in .port.token
  windlass serve --listen 127.0.0.1:4545        on this port

A container of one's own, that goes with the connection:
  curl -N -H \"Authorization: Bearer $(cat .port.token)\" -H 'Content-Type: application/json' \\
    -d '{\"container\": \"web\", \"hold\": true}' http://127.0.0.1:$(cat .port)/v1/leases

Ctrl-C or SIGTERM ends all leases, then the server; twice ends it at once, and the next run removes what is left.
Exit codes: 0 ended when it was told to, 1 it could not serve, 64 command line, 65 files, 69 no engine,
130 interrupted twice.";

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

pub(super) const CONVERT: &str = "\
Examples:
  windlass convert --to native                    harpoon.yml as a windlass.yaml, to look at
  windlass convert --to native -o windlass.yaml   the same, written
  windlass -f map.yaml --dialect docker-map convert --to native -o windlass.yaml --force

Exit codes: 0 done, 64 command line, or the file is there, 65 files are wrong.";

pub(super) const GRAPH: &str = "\
Examples:
  windlass graph                    everything
  windlass graph web --format svg > project.svg    what web needs
  windlass graph --format mermaid   for a page of Markdown; dot is for Graphviz

Exit codes: 0 well, 64 command line, 65 files are wrong.";

pub(super) const TASKS: &str = "\
Examples:
  windlass tasks                    tasks by label, with the commands that they are
  windlass config --tasks           only their names

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
