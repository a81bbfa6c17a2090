# What docker-map does for one verb, as a fresh process: FILE NAME URL VERB.
# It needs three shims today: two names that newer docker-py and Python lack, and one for the options of
# volumes, which engines leave out where docker-map expects none to be said.
import collections, collections.abc, json, sys

collections.Iterable = collections.abc.Iterable
import docker

docker.version_info = tuple(int(part) for part in docker.__version__.split("."))
from dockermap.client.base import DockerClientWrapper
from dockermap.map.client import MappingDockerClient
from dockermap.map.config.main import ContainerMap


class Client(DockerClientWrapper):
    def inspect_volume(self, name):
        seen = super().inspect_volume(name)
        seen["Options"] = seen.get("Options") or {}
        return seen


file, name, url, verb = sys.argv[1:]
with open(file) as text:
    container_map = ContainerMap(name, json.load(text))
client = MappingDockerClient(container_map, Client(url, version="auto"))
getattr(client, verb)("__all__")
