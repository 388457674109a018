# Stands in for the Pod's hosts file, where admission writes `127.0.0.1 stripe.localhost ...`: Python imports it before the
# program, so that neither program nor SDK is touched.
import socket

_getaddrinfo = socket.getaddrinfo


def _with_hosts_file(host, *rest, **more):
    is_ours = isinstance(host, str) and host.lower().rstrip(".").endswith(".localhost")
    return _getaddrinfo("127.0.0.1" if is_ours else host, *rest, **more)


socket.getaddrinfo = _with_hosts_file
