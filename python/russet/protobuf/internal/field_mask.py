"""What ``FieldMask`` can do beyond a plain message: paths as a tree, applied to messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from russet._core import Descriptor


class FieldMask:
    """A set of paths to fields."""

    __slots__ = ()
    if TYPE_CHECKING:
        paths: Any

        def Clear(self) -> None: ...

    def ToJsonString(self) -> str:
        """The paths in lowerCamelCase, commas between."""
        return ",".join(_to_camel_case(path) for path in self.paths)

    def FromJsonString(self, value: str) -> None:
        """Reads what :meth:`ToJsonString` writes."""
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"FieldMask JSON value not a string: {value!r}")  # noqa: TRY004 - the original's
        self.Clear()
        if value:
            self.paths.extend(_to_snake_case(path) for path in value.split(","))

    def IsValidForDescriptor(self, message_descriptor: Descriptor) -> bool:
        """Whether every path leads to a field of a message type."""
        return all(_leads_to_field(message_descriptor, path) for path in self.paths)

    def AllFieldsFromDescriptor(self, message_descriptor: Descriptor) -> None:
        """Makes this the mask of all fields of a message type."""
        self.Clear()
        self.paths.extend(field.name for field in message_descriptor.fields)

    def CanonicalFormFromMask(self, mask: Any) -> None:
        """Makes this another mask without what other paths cover, sorted."""
        self._become(_Tree.of(mask.paths))

    def Union(self, mask1: Any, mask2: Any) -> None:
        """Makes this cover what either mask covers."""
        _check_mask(mask1)
        _check_mask(mask2)
        self._become(_Tree.of([*mask1.paths, *mask2.paths]))

    def Intersect(self, mask1: Any, mask2: Any) -> None:
        """Makes this cover what both masks cover."""
        _check_mask(mask1)
        _check_mask(mask2)
        tree = _Tree.of(mask1.paths)
        both = _Tree()
        for path in mask2.paths:
            for shared in tree.shared_with(path):
                both.add(shared)
        self._become(both)

    def MergeMessage(
        self,
        source: Any,
        destination: Any,
        replace_message_field: bool = False,
        replace_repeated_field: bool = False,
    ) -> None:
        """Merges the fields of this mask from one message into another of its type."""
        _Tree.of(self.paths).merge(
            source, destination, replace_message_field, replace_repeated_field
        )

    def _become(self, tree: _Tree) -> None:
        paths = list(tree.paths())
        self.Clear()
        self.paths.extend(paths)


class _Tree:
    """Paths by their first parts. A node without children stands for all that is below it."""

    def __init__(self) -> None:
        self._children: dict[str, _Tree] = {}

    @classmethod
    def of(cls, paths: Any) -> _Tree:
        tree = cls()
        for path in paths:
            tree.add(path)
        return tree

    def add(self, path: str) -> None:
        if not path:
            return
        node = self
        is_new = False
        for part in path.split("."):
            child = node._children.get(part)
            if child is None:
                child = node._children[part] = _Tree()
                is_new = True
            elif not child._children and not is_new:
                # A path above covers this one.
                return
            node = child
        node._children.clear()

    def paths(self, prefix: str = "") -> Any:
        # Without recursion, since a path has any number of parts.
        open_nodes: list[Any] = [iter(sorted(self._children.items()))]
        parts = [prefix] if prefix else []
        while open_nodes:
            for part, child in open_nodes[-1]:
                parts.append(part)
                if child._children:
                    open_nodes.append(iter(sorted(child._children.items())))
                    break
                yield ".".join(parts)
                parts.pop()
            else:
                open_nodes.pop()
                if parts:
                    parts.pop()

    def shared_with(self, path: str) -> list[str]:
        """What of a path, or below it, this tree covers too."""
        if not self._children:
            return []
        node = self
        for part in path.split("."):
            child = node._children.get(part)
            if child is None:
                return []
            if not child._children:
                return [path]
            node = child
        return list(node.paths(path))

    def merge(
        self, source: Any, destination: Any, replace_message: bool, replace_repeated: bool
    ) -> None:
        if source.DESCRIPTOR != destination.DESCRIPTOR:
            raise ValueError(
                f"a mask merges messages of one type, not {source.DESCRIPTOR.full_name} into "
                f"{destination.DESCRIPTOR.full_name}"
            )
        fields = source.DESCRIPTOR.fields_by_name
        for name, child in self._children.items():
            field = fields.get(name)
            if field is None:
                raise KeyError(f"{source.DESCRIPTOR.full_name} has no field {name!r}")
            is_message = field.message_type is not None
            if child._children:
                if field.is_repeated or not is_message:
                    raise ValueError(
                        f"Error: Field {name} in message {source.DESCRIPTOR.full_name} is not a singular message field "
                        "and cannot have sub-fields."
                    )
                if source.HasField(name):
                    child.merge(
                        getattr(source, name),
                        getattr(destination, name),
                        replace_message,
                        replace_repeated,
                    )
            elif field.is_repeated:
                if replace_repeated:
                    destination.ClearField(name)
                getattr(destination, name).MergeFrom(getattr(source, name))
            elif is_message:
                if replace_message:
                    destination.ClearField(name)
                if source.HasField(name):
                    getattr(destination, name).MergeFrom(getattr(source, name))
            elif not field.has_presence or source.HasField(name):
                setattr(destination, name, getattr(source, name))
            else:
                destination.ClearField(name)


def _leads_to_field(descriptor: Descriptor, path: str) -> bool:
    *outer, last = path.split(".")
    for name in outer:
        field = descriptor.fields_by_name.get(name)
        if field is None or field.is_repeated or field.message_type is None:
            return False
        descriptor = field.message_type
    return last in descriptor.fields_by_name


def _check_mask(mask: Any) -> None:
    descriptor = mask.DESCRIPTOR
    if descriptor.full_name != "google.protobuf.FieldMask":
        raise ValueError(f"Message {descriptor.full_name} is not a FieldMask.")


def _to_camel_case(path: str) -> str:
    out: list[str] = []
    after_underscore = False
    for c in path:
        if c.isupper():
            raise ValueError(
                f"Fail to print FieldMask to Json string: Path name {path} must not contain uppercase letters."
            )
        if after_underscore:
            if not c.islower():
                raise ValueError(
                    f"Fail to print FieldMask to Json string: The character after a "
                    f'"_" must be a lowercase letter in path name {path}.'
                )
            out.append(c.upper())
            after_underscore = False
        elif c == "_":
            after_underscore = True
        else:
            out.append(c)
    if after_underscore:
        raise ValueError(
            f'Fail to print FieldMask to Json string: Trailing "_" in path name {path}.'
        )
    return "".join(out)


def _to_snake_case(path: str) -> str:
    if "_" in path:
        raise ValueError(f'Fail to parse FieldMask: Path name {path} must not contain "_"s.')
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in path)
