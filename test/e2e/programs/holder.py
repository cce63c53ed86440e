"""holder.py HOST:PORT COUNT FOLDER NAME [block LOW HIGH]: opens connections, COUNT or until the kernel refuses; with
`block` it then listens on every port of the range that can be had. Says when, in ms, and holds all until there is
FOLDER/end-NAME; then it resets them, so that their ports are free at once."""
import os
import socket
import struct
import sys
import time

where, count, folder, name = sys.argv[1:5]
host, port = where.rsplit(':', 1)
held = []
refused = 0
while len(held) < int(count):
    one = socket.socket()
    try:
        one.connect((host, int(port)))
    except OSError as error:
        refused = error.errno
        break
    held.append(one)
blocking = []
if sys.argv[5:6] == ['block']:
    for number in range(int(sys.argv[6]), int(sys.argv[7]) + 1):
        one = socket.socket()
        try:
            one.bind(('0.0.0.0', number))
            one.listen(1)
            blocking.append(one)
        except OSError:
            one.close()
    try:
        socket.create_connection((host, int(port))).close()
    except OSError as error:
        refused = error.errno
print(f'{len(held)} held, refused {refused}, at {time.time() * 1000:.0f}', flush=True)
while not os.path.exists(os.path.join(folder, f'end-{name}')):
    time.sleep(0.01)
for one in held:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    one.close()
