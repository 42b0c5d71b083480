#!/usr/bin/env python3
"""llama.cpp's own HTTP server, from the xllamacpp wheel: the demonstration's inference engine.

  engine.py --model MODEL.gguf --host (SOCKET.sock | 127.0.0.1) [--port PORT] [--offline] [--no-webui] [--no-slots]
            [--log-disable] [--lora ADAPTER.gguf,... [--lora-init-without-apply]]

Takes what the agent's profile llama.cpp says to llama-server. Serves the OpenAI chat API until SIGTERM.
"""
import argparse
import signal

import xllamacpp


def settings_of(given):
    settings = xllamacpp.CommonParams()
    settings.model.path = given.model
    settings.hostnames = [given.host]
    if given.port:
        settings.port = given.port
    settings.n_ctx = 512
    settings.n_parallel = 1
    settings.cpuparams.n_threads = 1
    for name, value in [("webui", not given.no_webui), ("endpoint_slots", not given.no_slots)]:
        if hasattr(settings, name):
            setattr(settings, name, value)
    settings.lora_adapters = [adapter(path, 0.0 if given.lora_init_without_apply else 1.0)
                              for path in given.lora.split(",") if path]
    return settings


def adapter(path, scale):
    """An adapter, and how strong it is for requests that do not say so."""
    one = xllamacpp.CommonAdapterLoraInfo()
    one.path, one.scale = path, scale
    return one


def main():
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    reading.add_argument("--model", required=True)
    reading.add_argument("--host", required=True, help="an address, or a path that ends in .sock")
    reading.add_argument("--port", type=int)
    reading.add_argument("--lora", default="")
    for flag in ("--lora-init-without-apply", "--offline", "--no-webui", "--no-slots", "--log-disable"):
        reading.add_argument(flag, action="store_true")
    given = reading.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server = xllamacpp.Server(settings_of(given))
    print("engine: listening on", server.listening_address, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
