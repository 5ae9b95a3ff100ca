"""A namespace of a few objects, as its API server would answer: files for stub/kubectl."""
import json

NS = "floor"
IMAGE = "registry.example.com/floor/web@sha256:" + "1" * 64


def typed(kind, api_version, name, **rest):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": NS, "uid": f"{kind}-{name}",
                                                                  "resourceVersion": "5", "generation": 1}, **rest}


def workload():
    """A Deployment that is rolled out, and what it made."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": IMAGE}]}}
    deployment = typed("Deployment", "apps/v1", "web", spec={"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
                       status={"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
                               "conditions": [{"type": "Available", "status": "True"}]})
    deployment["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    hashed = {"metadata": {"labels": labels | {"pod-template-hash": "1"}}, "spec": template["spec"]}
    replicas = typed("ReplicaSet", "apps/v1", "web-1", spec={"replicas": 1, "selector": {"matchLabels": hashed["metadata"]["labels"]},
                                                            "template": hashed},
                     status={"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1})
    replicas["metadata"] |= {"annotations": {"deployment.kubernetes.io/revision": "1"}, "labels": hashed["metadata"]["labels"],
                             "ownerReferences": [owner(deployment)]}
    pod = typed("Pod", "v1", "web-1-a", spec=template["spec"] | {"nodeName": "node-0"},
                status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                        "containerStatuses": [{"name": "web", "image": IMAGE, "imageID": IMAGE, "ready": True, "restartCount": 0,
                                               "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]})
    pod["metadata"] |= {"labels": hashed["metadata"]["labels"], "ownerReferences": [owner(replicas)],
                        "creationTimestamp": "2026-01-01T00:00:00Z"}
    return deployment, replicas, pod


def owner(thing):
    return {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "name": thing["metadata"]["name"],
            "uid": thing["metadata"]["uid"], "controller": True}


SWITCH = typed("ConfigMap", "v1", "agenttrader-kill-switch", data={"EXECUTION_HALTED": "1"})


def record(answers, text="yes\n" * 200):
    """Writes the answers; `text` is what one of the ConfigMaps holds."""
    settings = [typed("ConfigMap", "v1", f"settings-{i}", data={"text": text}) for i in range(3)]
    deployment, replicas, pod = workload()
    place = f"+namespaces+{NS}"
    files = {
        "config": {"current-context": "test", "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
                   "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]},
        "+apis": {"groups": []},
        "+version": {"gitVersion": "v1.36.3"},
        f"+api+v1{place}": {"metadata": {"name": NS, "uid": "u1"}},
        "+api+v1+namespaces+kube-system": {"metadata": {"name": "kube-system", "uid": "u2"}},
        f"+api+v1{place}+configmaps+agenttrader-kill-switch": SWITCH,
        f"+api+v1{place}+configmaps": listed(*settings, SWITCH),
        f"+apis+apps+v1{place}+deployments": listed(deployment),
        f"+apis+apps+v1{place}+replicasets": listed(replicas),
        f"+api+v1{place}+pods": listed(pod),
    }
    for name, value in files.items():
        (answers / name).write_text(json.dumps(value))
    (answers / "api-resources").write_text(
        "configmaps cm v1 true ConfigMap get,list\ndeployments deploy apps/v1 true Deployment get,list\n")


def record_extras(answers):
    """What only reports and the registry's verbs read."""
    event = typed("Event", "v1", "web.1", type="Warning", reason="BackOff", message="restarting", count=2, lastTimestamp="2026-01-01T00:00:00Z",
                  involvedObject={"kind": "Pod", "name": "web-1-a", "namespace": NS})
    (answers / f"+api+v1+namespaces+{NS}+events").write_text(json.dumps(listed(event)))
    repository = "us-east4-docker.pkg.dev/agenttrader-prod/trader-repo"
    rows = [{"package": f"{repository}/{name}", "version": "sha256:" + digit * 64, "createTime": "2026-01-01T00:00:00.0Z",
             "updateTime": "2026-01-01T00:00:00.0Z", "tags": ["v1"], "uri": f"{repository}/{name}@sha256:{digit * 64}",
             "metadata": {"mediaType": "application/vnd.oci.image.manifest.v1+json"}} for name, digit in (("web", "1"), ("app", "2"))]
    (answers / "gcloud-rows").write_text(json.dumps(rows))


def listed(*items):
    """As a list has them: without their types."""
    return {"metadata": {"resourceVersion": "9"}, "items": [bare(item) for item in items]}


def bare(item):
    return {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
