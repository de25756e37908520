"""Native kernels. They import nothing of mbmd and never raise for what came off a wire: they answer with codes."""
