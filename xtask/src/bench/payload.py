# Writes fuselage's payload: OUTPUT files DIRECTORY, or OUTPUT packages NAME...
import os, sys

from fuselage.builder import build
from fuselage.bundle import ResourceBundle
from fuselage.resources import File, Package

output, kind, *words = sys.argv[1:]
bundle = ResourceBundle()
if kind == "files":
    (directory,) = words
    for name in sorted(os.listdir(directory)):
        source = os.path.join(directory, name)
        bundle.add(File(name="/srv/" + name, source=source, owner="root", group="root", mode=0o640))
else:
    for name in words:
        bundle.add(Package(name=name))
with open(output, "wb") as file:
    file.write(build(bundle).getvalue())
