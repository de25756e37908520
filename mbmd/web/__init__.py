"""REST, websocket and the page, on Sanic in the event loop of the buses."""
