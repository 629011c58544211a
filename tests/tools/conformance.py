#!/usr/bin/python3
"""An independent client of the protocol, written from proto/PROTOCOL.md and proto/kehu.proto alone: signs in, lists
customers, prints their names. Server, authority, user and password file come from KEHU_SERVER, KEHU_CA, KEHU_USER and
KEHU_PASSWORD_FILE. Needs python3-protobuf and protoc."""
import os, socket, ssl, struct, subprocess, sys, tempfile

top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
made = tempfile.TemporaryDirectory()
subprocess.run(["protoc", "-I", os.path.join(top, "proto"), "--python_out", made.name, "kehu.proto"], check=True)
sys.path.insert(0, made.name)
import kehu_pb2 as kehu

host, port = os.environ["KEHU_SERVER"].rsplit(":", 1)
tls = ssl.create_default_context(cafile=os.environ["KEHU_CA"])
tls.minimum_version = ssl.TLSVersion.TLSv1_3
link = tls.wrap_socket(socket.create_connection((host, int(port)), 10), server_hostname=host)
count = 0


def read(size):
    data = b""
    while len(data) < size:
        piece = link.recv(size - len(data))
        if not piece:
            sys.exit("the server closed the connection")
        data += piece
    return data


def ask(**request):
    global count
    count += 1
    body = kehu.ClientFrame(number=count, **request).SerializeToString()
    link.sendall(struct.pack(">IB", 1 + len(body), 0) + body)
    while True:
        length, flags = struct.unpack(">IB", read(5))
        answer = kehu.ServerFrame.FromString(read(length - 1))
        if answer.number == count:  # others are pushes
            break
    if answer.HasField("error"):
        sys.exit("E%d %s" % (answer.error.code, answer.error.text))
    return getattr(answer, answer.WhichOneof("answer"))


ask(hello=kehu.Hello(version_min=1, version_max=1, client="conformance", language="en"))
with open(os.environ["KEHU_PASSWORD_FILE"]) as file:
    ask(login=kehu.Login(user=os.environ["KEHU_USER"], password=file.read().strip()))
catalog = ask(catalog=kehu.Catalog())
customer = next(entity for entity in catalog.entities if entity.name == "customer")
name = next(field.number for field in customer.fields if field.name == "name")
page = ask(list=kehu.List(entity=customer.number, columns=[name], limit=int(sys.argv[1]) if len(sys.argv) > 1 else 10))
for row in page.rows:
    print("%d\t%s" % (row.id, row.cells[0].text))
ask(logout=kehu.Logout())
