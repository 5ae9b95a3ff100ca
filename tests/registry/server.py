#!/usr/bin/env python3
"""Artifact Registry's REST API, as far as gcloud needs it for `kubectl arsnap`: a server for one test, on loopback.

usage: server.py REGISTRY.json

REGISTRY.json is the whole state.  It is read at each request and written back after a change, so a test looks into
it and edits it with jq while the server runs:

    {"project": "p", "location": "l",
     "token": "t",                          other bearer tokens get 401; absent: everything is let in
     "repositories": {"r": {
        "resource": {},                     fields of the Repository resource: format, cleanupPolicies, dockerConfig ...
        "page_limit": 3,                    at most so many rows a page (default 1000)
        "overlap": 1,                       each page repeats so many rows of the last one, as a list that moves may
        "images": {"team/app": {"sha256:...": {"tags": ["v1"], "created": "2026-...", "manifests": ["sha256:..."]}}}}},
     "faults": [{"kind": "503", "method": "GET", "path": "REGEX", "page": 2, "times": 1, "message": "..."}]}

All that a fault names must match; "page" means this page of a list and later ones, "times" counts down.  The kinds
are the keys of STATUS, 502-html, bad-json (cut off, but complete as HTTP), short-body, hang and reset.

POST /token is the token endpoint of a service account: it answers with "token", or refuses where there is none.
Prints its port, and adds "METHOD PATH STATUS" for each request to requests.log beside the state.  Ends on SIGTERM,
and when its parent does.
"""

import json
import os
import re
import signal
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

STATUS = {  # kind: HTTP status, status of the API, message
    "400": (400, "FAILED_PRECONDITION", "The repository does not allow this."),
    "401": (401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "403": (403, "PERMISSION_DENIED", "Permission denied on resource (or it may not exist)."),
    "403-disabled": (403, "PERMISSION_DENIED", "Artifact Registry API has not been used in project or it is disabled."),
    "404": (404, "NOT_FOUND", "Requested entity was not found."),
    "405": (405, "UNIMPLEMENTED", "No test needs this method."),
    "409": (409, "ALREADY_EXISTS", "The resource already exists."),
    "429": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Requests'."),
    "500": (500, "INTERNAL", "Internal error encountered."),
    "503": (503, "UNAVAILABLE", "The service is currently unavailable."),
}
MAX_PAGE, DEFAULT_PAGE = 1000, 100
stopping = threading.Event()


class ApiError(Exception):
    """An answer in the error form of Google's APIs."""

    def __init__(self, kind, message=None):
        super().__init__(kind)
        self.status, name, text = STATUS[kind]
        self.body = {"error": {"code": self.status, "message": message or text, "status": name}}
        if kind == "403-disabled":
            info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED",
                    "domain": "googleapis.com"}
            self.body["error"]["details"] = [info]


def package_id(image):
    return image.replace("/", "%2F")


class Repository:
    """The resources of one repository, as the API shows them."""

    def __init__(self, registry, name):
        if name not in registry["repositories"]:
            raise ApiError("404")
        self.state = registry["repositories"][name]
        self.images = self.state.setdefault("images", {})
        self.path = f"projects/{registry['project']}/locations/{registry['location']}/repositories/{name}"
        self.host = f"{registry['location']}-docker.pkg.dev/{registry['project']}/{name}"

    def resource(self):
        own = {"name": self.path, "format": "DOCKER", "mode": "STANDARD_REPOSITORY",
               "createTime": "2026-01-01T00:00:00Z", "sizeBytes": "0"}
        return own | self.state.get("resource", {})

    def image(self, package):
        for image, versions in self.images.items():
            if package_id(image) == package:
                return image, versions
        raise ApiError("404")

    @staticmethod
    def common(version):
        created = version.get("created", "2026-01-02T03:04:05.678901Z")
        media = "application/vnd.oci.image.manifest.v1+json"
        if version.get("manifests"):
            media = "application/vnd.oci.image.index.v1+json"
        return created, media, str(version.get("size", 1000))

    def docker_image(self, image, digest):
        version = self.images[image][digest]
        created, media, size = self.common(version)
        row = {"name": f"{self.path}/dockerImages/{package_id(image)}@{digest}", "uri": f"{self.host}/{image}@{digest}",
               "tags": version.get("tags", []), "imageSizeBytes": size, "mediaType": media,
               "uploadTime": created, "updateTime": created}
        if version.get("manifests"):
            row["imageManifests"] = [{"digest": child} for child in version["manifests"]]
        return row

    def all_versions(self):
        # The order of the API is not documented: this one is none that a client could mistake for its own.
        return [(image, digest) for image in sorted(self.images, reverse=True)
                for digest in sorted(self.images[image], reverse=True)]

    def package(self, image):
        return {"name": f"{self.path}/packages/{package_id(image)}", "createTime": "2026-01-01T00:00:00Z"}

    def version(self, image, digest, version, view="BASIC"):
        created, media, size = self.common(version)
        name = f"{self.path}/packages/{package_id(image)}"
        row = {"name": f"{name}/versions/{digest}", "createTime": created, "updateTime": created,
               "metadata": {"imageSizeBytes": size, "mediaType": media,
                            "name": f"{self.path}/dockerImages/{package_id(image)}@{digest}"}}
        if view == "FULL":
            row["relatedTags"] = [self.tag(image, tag, digest) for tag in version.get("tags", [])]
        return row

    def tag(self, image, tag, digest):
        name = f"{self.path}/packages/{package_id(image)}"
        return {"name": f"{name}/tags/{tag}", "version": f"{name}/versions/{digest}"}

    def tags(self, image):
        return [self.tag(image, tag, digest)
                for digest, version in sorted(self.images[image].items()) for tag in version.get("tags", [])]

    def set_tag(self, image, tag, target, move):
        """Points the tag to the version named by the path `target`, as tags.create and tags.patch do."""
        versions = self.images[image]
        digest = target.rpartition("/versions/")[2]
        if digest not in versions or target != f"{self.path}/packages/{package_id(image)}/versions/{digest}":
            raise ApiError("404")
        holder = next((d for d, version in versions.items() if tag in version.get("tags", [])), None)
        if holder and not move:
            raise ApiError("409")
        if move and not holder:
            raise ApiError("404")
        if holder and self.resource().get("dockerConfig", {}).get("immutableTags"):
            raise ApiError("400")
        if holder:
            versions[holder]["tags"].remove(tag)
        versions[digest].setdefault("tags", []).append(tag)
        return self.tag(image, tag, digest)


class Request:
    """One request to the API: what it means, and what the answer is."""

    def __init__(self, registry, method, target, body):
        self.registry, self.method, self.body = registry, method, body  # bytes
        url = urlsplit(target)
        self.path = url.path
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        # A nested image is one segment, escaped twice in the URL: its package is called team%2Fapp.
        self.segments = [unquote(segment) for segment in url.path.strip("/").split("/")]
        # A page token is PAGE-OFFSET.
        self.page, self.offset = map(int, self.query.get("pageToken", "1-0").split("-"))
        self.changed = False

    def fault(self):
        """The fault that this request meets, if any."""
        for fault in self.registry.get("faults", []):
            if (fault.get("method", self.method) == self.method and fault.get("times", 1) > 0
                    and re.search(fault.get("path", ""), self.path) and self.page >= fault.get("page", 1)):
                if "times" in fault:
                    fault["times"] -= 1
                    self.changed = True
                return fault
        return None

    def authenticate(self, header):
        token = self.registry.get("token")
        if token is not None and header != f"Bearer {token}":
            raise ApiError("401")

    def new_token(self):
        token = self.registry.get("token")
        if token is None:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        return 200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}

    def listing(self, key, rows, limit=MAX_PAGE, overlap=0):
        size = min(int(self.query.get("pageSize") or DEFAULT_PAGE), MAX_PAGE, limit)
        answer = {key: rows[self.offset:self.offset + size]}
        if self.offset + size < len(rows):
            answer["nextPageToken"] = f"{self.page + 1}-{self.offset + size - overlap}"
        return answer

    def answer(self):
        home = ["v1", "projects", self.registry["project"], "locations", self.registry["location"], "repositories"]
        if self.segments[:len(home)] != home:
            raise ApiError("403" if self.segments[0] == "v1" else "404")
        match self.segments[len(home):]:
            case []:
                names = sorted(self.registry["repositories"])
                return self.read(self.listing("repositories", [Repository(self.registry, n).resource() for n in names]))
            case [name, *rest]:
                return self.answer_in(Repository(self.registry, name), rest)

    def read(self, answer):
        if self.method != "GET":
            raise ApiError("405")
        return answer

    def answer_in(self, repository, rest):
        match rest:
            case []:
                return self.read(repository.resource())
            case ["dockerImages"]:
                page = self.listing("dockerImages", repository.all_versions(), repository.state.get("page_limit", MAX_PAGE),
                                    repository.state.get("overlap", 0))
                page["dockerImages"] = [repository.docker_image(*version) for version in page["dockerImages"]]
                return self.read(page)
            case ["packages"]:
                return self.read(self.listing("packages", [repository.package(i) for i in sorted(repository.images)]))
            case ["packages", package]:
                return self.read(repository.package(repository.image(package)[0]))
            case ["packages", package, "versions", *version]:
                return self.read(self.versions(repository, *repository.image(package), version))
            case ["packages", package, "tags", *tag]:
                return self.tags(repository, repository.image(package)[0], tag)
        raise ApiError("404")

    def versions(self, repository, image, versions, named):
        view = self.query.get("view", "BASIC")
        if not named:
            rows = [repository.version(image, d, version, view) for d, version in sorted(versions.items())]
            return self.listing("versions", rows)
        if len(named) != 1 or named[0] not in versions:
            raise ApiError("404")
        return repository.version(image, named[0], versions[named[0]], view)

    def tags(self, repository, image, named):
        if self.method == "POST" and not named:
            self.changed = True
            return repository.set_tag(image, self.query["tagId"], json.loads(self.body)["version"], move=False)
        if self.method == "PATCH" and len(named) == 1:
            self.changed = True
            return repository.set_tag(image, named[0], json.loads(self.body)["version"], move=True)
        if not named:
            return self.read(self.listing("tags", repository.tags(image)))
        found = [tag for tag in repository.tags(image) if tag["name"].endswith("/tags/" + named[0])]
        if not found:
            raise ApiError("404")
        return self.read(found[0])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = ""  # path of REGISTRY.json
    lock = threading.Lock()

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}"
        with self.lock:
            with open(self.state, encoding="utf-8") as file:
                request = Request(json.load(file), self.command, self.path, body)
            fault = request.fault()
            kind = fault["kind"] if fault else None
            status, answer = 200, {}
            try:
                if request.path == "/token":
                    status, answer = request.new_token()
                else:
                    request.authenticate(self.headers.get("Authorization"))
                    if kind in STATUS:
                        raise ApiError(kind, fault.get("message"))
                    answer = request.answer()
            except ApiError as error:
                status, answer = error.status, error.body
            if request.changed:
                with open(self.state + ".new", "w", encoding="utf-8") as file:
                    json.dump(request.registry, file)
                os.replace(self.state + ".new", self.state)
            with open(os.path.join(os.path.dirname(self.state), "requests.log"), "a", encoding="utf-8") as log:
                log.write(f"{self.command} {self.path} {status if kind in STATUS else kind or status}\n")
        self.reply(status, json.dumps(answer).encode(), kind)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_request

    def reply(self, status, body, kind):
        content_type, length = "application/json; charset=UTF-8", len(body)
        match kind:
            case "hang":
                stopping.wait()
                return
            case "reset":  # a linger of 0 s makes close() send RST, when no shutdown() came before it
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())
                self.close_connection = True
                return
            case "502-html":
                status, content_type = 502, "text/html"
                body = b"<!DOCTYPE html><html><title>Error 502 (Server Error)!!1</title></html>"
                length = len(body)
            case "bad-json":
                body = body[:len(body) // 2]
                length = len(body)
            case "short-body":
                length += 4096
                self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that went away is no error
            super().handle_error(request, client_address)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: server.py REGISTRY.json")
    Handler.state = os.path.abspath(sys.argv[1])
    parent = os.getppid()
    server = Server(("127.0.0.1", 0), Handler)
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    while os.getppid() == parent and not stopping.wait(0.5):
        pass


if __name__ == "__main__":
    main()
