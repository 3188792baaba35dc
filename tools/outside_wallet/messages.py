"""Message classes made from the .proto files when the program starts: no generated code to keep."""
import pathlib
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Messages:
    """messages["fog_view.QueryRequest"] is the class of that message."""

    def __init__(self, proto_dir: pathlib.Path):
        root = proto_dir.resolve().parent  # they import each other as proto/NAME.proto
        files = sorted(str(p.resolve().relative_to(root)) for p in proto_dir.rglob("*.proto"))
        if not files:
            raise FileNotFoundError(f"no .proto files below {proto_dir}")
        with tempfile.NamedTemporaryFile(suffix=".pb") as out:
            subprocess.run(
                ["protoc", "-I", str(root), "--include_imports", f"--descriptor_set_out={out.name}", *files],
                check=True,
            )
            described = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
        self._pool = descriptor_pool.DescriptorPool()
        for file in described.file:  # protoc writes imports before what imports them
            self._pool.Add(file)
        self._factory = message_factory.MessageFactory(self._pool)

    def __getitem__(self, name: str):
        return self._factory.GetPrototype(self._pool.FindMessageTypeByName(name))
