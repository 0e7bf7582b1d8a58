namespace Totem.Core.Groups;

/// <summary>
/// Messages too long for one, while their parts come in (wire.md section 14.2, partial mcast). Parts are ordinary messages of the total
/// order; those of one sender follow each other, with other messages between them.
/// </summary>
internal sealed class PartialMessages(GroupOptions options)
{
    private readonly Dictionary<(Group Group, GroupMember Member), Partial> _open = [];
    private long _bytes;

    /// <summary>Adds a part; returns the whole when it is complete, and null while it is not or when the parts do not fit together.</summary>
    public byte[]? Add(Group group, GroupMember sender, MessagePart part, uint wholeBytes, ReadOnlySpan<byte> payload)
    {
        if (part == MessagePart.First)
        {
            Drop(group, sender);
            if (wholeBytes > options.WholeBytesMax || _bytes + wholeBytes > options.WaitingPartsBytesMax)
                return null;
            _bytes += wholeBytes;
            _open.Add((group, sender), new Partial(wholeBytes));
        }

        if (!_open.TryGetValue((group, sender), out var partial))
            return null;
        if (partial.WholeBytes != wholeBytes || !partial.TryAppend(payload))
        {
            Drop(group, sender);
            return null;
        }

        if (part != MessagePart.Last)
            return null;
        Drop(group, sender);
        return partial.Whole;
    }

    /// <summary>The sender is gone, or starts another message.</summary>
    public void Drop(Group group, GroupMember sender)
    {
        if (_open.Remove((group, sender), out var partial))
            _bytes -= partial.WholeBytes;
    }

    private sealed class Partial(uint wholeBytes)
    {
        // Grown as parts come, so that an announced length alone costs nothing.
        private byte[] _buffer = [];
        private int _length;

        public uint WholeBytes => wholeBytes;

        public byte[]? Whole => _length == wholeBytes ? _buffer : null;

        public bool TryAppend(ReadOnlySpan<byte> payload)
        {
            if (_length + (long)payload.Length > wholeBytes)
                return false;
            if (_buffer.Length < _length + payload.Length)
                Array.Resize(ref _buffer, (int)Math.Min(wholeBytes, Math.Max(2L * _buffer.Length, _length + payload.Length)));
            payload.CopyTo(_buffer.AsSpan(_length));
            _length += payload.Length;
            return true;
        }
    }
}
