"""A demo gateway beside a screen: in a thread of its own, so that neither makes the other wait."""

import asyncio
import threading

from clawtop.demo.world import World

TOKEN = "demo"
PUMP_S = 0.05
PATIENCE_S = 20.0


class Host:
    """Serves one world on loopback until ``stop``."""

    def __init__(self, world: World, port: int = 0) -> None:
        """Prepare; nothing runs before ``start``."""
        self._world, self._port = world, port
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="demo-gateway", daemon=True)
        self.url = ""

    def start(self) -> str:
        """Begin to serve and return the address. Raises OSError when the port is taken."""
        if not self._thread.is_alive() and not self.url:
            self._thread.start()
        if not self._ready.wait(PATIENCE_S):
            raise OSError("the demo gateway did not start")
        if self._failure is not None:
            raise self._failure
        return self.url

    def stop(self) -> None:
        """End it and wait for the thread."""
        if self._loop is not None and self._end is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to whoever started the thread
            self._failure = error
        self._ready.set()

    async def _serve(self) -> None:
        from clawtop.demo.server import ScriptedGateway  # websockets: not before it is needed

        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        gateway = ScriptedGateway(token=TOKEN, port=self._port, world=self._world, pump_s=PUMP_S)
        async with gateway:
            self.url = gateway.url.rstrip("/")
            self._ready.set()
            await self._end.wait()
