"""What checks need of this machine: a port, a certificate, nginx, waiting until something is so, a process's memory."""
import os
import pathlib
import re
import socket
import subprocess
import time

NGINX = """daemon off; pid {folder}/nginx.pid; error_log /dev/null crit; worker_processes 2; {user}
events {{ worker_connections 256; }}
http {{ log_format parts '$request_method $status $http_range'; access_log {log}; sendfile on;
  default_type application/octet-stream;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    ssl_protocols TLSv1.3; root {root}; }} }}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, condition, seconds=40, pause=0.02):
    """Waits for `condition` to give something, which is returned."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() >= end:
            raise AssertionError(f"{what} did not come in {seconds} s")
        time.sleep(pause)
    return result


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def certificate(folder):
    """`cert.pem` and `key.pem` there, of a server at 127.0.0.1."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)


def nginx(folder, root, log=None):
    """The port and the command line of an nginx that serves `root` with the certificate in `folder`; it logs method,
    status and range of each request to `log`."""
    port, settings = free_port(), f"{folder}/nginx.conf"
    with open(settings, "w") as out:
        out.write(NGINX.format(
            folder=folder, root=root, port=port, log=f"{log} parts" if log else "off",
            user="user root;" if os.geteuid() == 0 else ""))
    return port, ["nginx", "-p", str(folder), "-c", settings]


def resident(process):
    """Memory of the process that is its own or of files; the weights are neither, they lie in a tmpfs."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return sum(int(kib) << 10 for kib in re.findall(r"^Rss(?:Anon|File):\s+(\d+) kB", status, re.M))
