#!/usr/bin/env python3
"""llama.cpp's own HTTP server, from the xllamacpp wheel: the demonstration's inference engine.

  engine.py MODEL.gguf (SOCKET.sock | PORT)

Serves the OpenAI chat API on a Unix socket or on a port of 127.0.0.1 until SIGTERM.
"""
import signal
import sys

import xllamacpp


def main():
    model, place = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.hostnames = [place if place.endswith(".sock") else "127.0.0.1"]
    if place.isdecimal():
        settings.port = int(place)
    settings.n_ctx = 512
    settings.n_parallel = 1
    settings.cpuparams.n_threads = 1
    server = xllamacpp.Server(settings)
    print("engine: listening on", server.listening_address, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
