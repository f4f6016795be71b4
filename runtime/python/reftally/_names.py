"""How an object, and a reference from one object to another, read in source."""

import types


def type_name(cls):
    module = getattr(cls, "__module__", None)
    name = getattr(cls, "__qualname__", cls.__name__)
    return name if module in (None, "builtins") else f"{module}.{name}"


def object_name(obj):
    if isinstance(obj, types.ModuleType):
        return obj.__name__
    if isinstance(obj, types.FrameType):
        return f"frame {obj.f_code.co_name} ({obj.f_code.co_filename.rpartition('/')[2]}:{obj.f_lineno})"
    if isinstance(obj, (types.FunctionType, types.MethodType)):
        return f"function {obj.__module__}.{obj.__qualname__}"
    if isinstance(obj, type):
        return f"class {type_name(obj)}"
    return type_name(type(obj))


def _attribute_of(holder, target):
    for cls in type(holder).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            member = cls.__dict__.get(name)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    if member.__get__(holder, cls) is target:
                        return name
                except AttributeError:
                    pass
    namespace = holder.__dict__ if type(holder).__dictoffset__ and hasattr(holder, "__dict__") else {}
    for name, value in list(namespace.items()):
        if value is target:
            return name
    return None


def reference_name(holder, target):
    """".name", "[key]", "[]" or "" for the reference from `holder` to `target`."""
    if isinstance(holder, dict):
        for key, value in list(holder.items()):
            if value is target:
                return f"[{key!r}]" if isinstance(key, (str, int)) and len(holder) <= 16 else "[]"
        return " key"
    if isinstance(holder, (list, tuple, set, frozenset)):
        return "[]"
    if isinstance(holder, types.CellType):
        return ".cell_contents"
    if isinstance(holder, types.FrameType):
        for name, value in holder.f_locals.items():
            if value is target:
                return f", local {name}"
        return ""
    if isinstance(holder, types.MethodType):
        return ".__self__" if holder.__self__ is target else ".__func__"
    try:
        name = _attribute_of(holder, target)
    except Exception:  # a descriptor or property of somebody's
        name = None
    return f".{name}" if name else ""
