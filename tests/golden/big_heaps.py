"""Drawn heaps that are too long to write by hand."""


def cluster():
    """58 sessions, each a cycle of its own with a timer and a handler, one of them with twice the buffers."""
    lines = ["#stack 1: std::make_shared<Session>() shared_ptr.h:1008| Server::accept(int) server.cpp:71| main main.cpp:12"]
    for i in range(58):
        lines.append(f"s{i}(Session)[256]{{shared_ptr, stack 1}} =[Session::timer_@session.h:20]=> t{i}(Timer)[64]")
        lines.append(f't{i} =["Timer"::"callback_.[lambda session.cpp:61].self"@timer.h:11]=> s{i}')
        for buffer in range(2 if i else 4):
            lines.append(f"s{i} =[Session::buffers_[]#{buffer}@session.h:22]=> b{i}_{buffer}(Buffer)[4096]")
    return lines


def component():
    """One component of 10,000 objects: a tree whose nodes know their parents and their document."""
    lines = ["#stack 1: std::make_shared<Node>() shared_ptr.h:1008| Parser::element(Token const&) parser.cpp:204| main main.cpp:8"]
    lines.append("doc(Document)[512]{shared_ptr} =[Document::root_@document.h:31]=> n1(Node)[96]{shared_ptr, stack 1}")
    for i in range(1, 10000):
        if i > 1:
            lines.append(f"n{i // 4 + 1} =[Node::children_[]#{i % 4}@node.h:14]=> n{i}(Node)[96]{{shared_ptr, stack 1}}")
            lines.append(f"n{i} =[Node::parent_@node.h:15]=> n{i // 4 + 1}")
        lines.append(f"n{i} =[Node::document_@node.h:16]=> doc")
        if i % 3 == 0:
            lines.append(f"n{i} =[Node::attributes_[]#0@node.h:18]=> a{i}(Attribute)[72]{{shared_ptr}}")
    return lines


def ring():
    """Fifty nodes, each owning the next."""
    return [f"n{i}(Node)[48]{{shared_ptr}} =[Node::next_@node.h:4]=> n{(i + 1) % 50}" for i in range(50)]


def tangle():
    """Two hundred types that refer to one another without any order: more than a picture can show."""
    lines = []
    for i in range(200):
        for step in (1, 7, 31, 83):
            lines.append(f"o{i} =[\"Type{i}\"::\"to_{step}_\"@types.h:{i + 1}]=> o{(i + step) % 200}")
        lines.append(f"o{i}(Type{i})[{64 + i}]{{shared_ptr}}")
    return lines


def many():
    """Thirty findings, of which a terminal is told the worst."""
    lines = []
    for i in range(30):
        lines.append(f'a{i}(Owner{i})[{64 + i}]{{shared_ptr}} =["Owner{i}"::"held_"@owners.h:{i + 1}]=> b{i}(Held{i})[48]{{shared_ptr}}')
        lines.append(f'b{i} =["Held{i}"::"owner_"@helds.h:{i + 1}]=> a{i}')
        if i < 9:
            lines.append(f"static g_watch{i} ~> a{i}")
    return lines


HEAPS = {heap.__name__: "\n".join(heap()) + "\n" for heap in (cluster, component, ring, tangle, many)}
