using Totem.Core.Diagnostics;

namespace Totem.Core.Groups;

/// <summary>
/// Messages too long for one, while their parts come in (WIRE §14.2, partial mcast). Parts are ordinary messages of the
/// total order; those of one sender follow each other, with other messages between them. A refusal follows from the
/// stream alone, so it is the same everywhere: it is counted whether or not anybody here receives.
/// </summary>
internal sealed class PartialMessages(GroupOptions options)
{
    private readonly Dictionary<(Group Group, GroupMember Member), Partial> _open = [];
    private readonly Dictionary<ProcessorId, long> _bytesOf = [];

    /// <summary>Adds a part.</summary>
    /// <param name="group">The group.</param>
    /// <param name="sender">A member of it.</param>
    /// <param name="part">Which part.</param>
    /// <param name="wholeBytes">The length of the whole.</param>
    /// <param name="payload">The part.</param>
    /// <param name="isKept">Somebody here receives.</param>
    /// <param name="whole">The whole when it is complete, and nobody here has missed a part of it.</param>
    /// <returns>False when the message is refused: it is too long, or does not fit together, or its
    /// node has too many open.</returns>
    public bool TryAdd(
        Group group, GroupMember sender, MessagePart part, uint wholeBytes, ReadOnlySpan<byte> payload, bool isKept,
        out byte[]? whole)
    {
        whole = null;
        if (part == MessagePart.First)
        {
            Drop(group, sender);
            if (wholeBytes > options.MaxWholeBytes)
                return false;
            _open.Add((group, sender), new Partial(wholeBytes));
        }

        if (!_open.TryGetValue((group, sender), out var partial))
            return true; // Its beginning came before us, or was refused.
        var bytes = _bytesOf.GetValueOrDefault(sender.Node) + payload.Length;
        if (partial.WholeBytes != wholeBytes || bytes > options.MaxWaitingPartsBytes
            || !partial.TryAppend(payload, isKept))
        {
            Drop(group, sender);
            return false;
        }

        Invariant.That(bytes <= options.MaxWaitingPartsBytes, "no more bytes of parts wait than the limit");
        Invariant.That(partial.Length <= wholeBytes, "parts are no longer than the whole");
        _bytesOf[sender.Node] = bytes;
        if (part != MessagePart.Last)
            return true;
        Drop(group, sender);
        whole = partial.Whole;
        return partial.IsComplete;
    }

    /// <summary>The sender is gone, or starts another message.</summary>
    public void Drop(Group group, GroupMember sender)
    {
        if (!_open.Remove((group, sender), out var partial))
            return;
        var rest = _bytesOf.GetValueOrDefault(sender.Node) - partial.Length;
        Invariant.That(rest >= 0, "no more bytes of parts are given up than have come");
        if (rest > 0)
            _bytesOf[sender.Node] = rest;
        else
            _bytesOf.Remove(sender.Node);
    }

    private sealed class Partial(uint wholeBytes)
    {
        // Grown as parts come, so that an announced length alone costs nothing.
        private byte[] _buffer = [];
        private bool _hasMissed;

        public uint WholeBytes => wholeBytes;

        public int Length { get; private set; }

        public bool IsComplete => Length == wholeBytes;

        public byte[]? Whole => IsComplete && !_hasMissed ? _buffer : null;

        public bool TryAppend(ReadOnlySpan<byte> payload, bool isKept)
        {
            if (Length + (long)payload.Length > wholeBytes)
                return false;
            _hasMissed |= !isKept;
            if (!_hasMissed)
            {
                if (_buffer.Length < Length + payload.Length)
                    Array.Resize(
                        ref _buffer, (int)Math.Min(wholeBytes, Math.Max(2L * _buffer.Length, Length + payload.Length)));
                payload.CopyTo(_buffer.AsSpan(Length));
            }

            Length += payload.Length;
            return true;
        }
    }
}
