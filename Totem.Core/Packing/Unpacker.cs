using System.Buffers.Binary;
using Totem.Core.Diagnostics;

namespace Totem.Core.Packing;

/// <summary>Takes the messages out of packets, one at a time, and puts cut ones together (WIRE §12.6).</summary>
internal sealed class Unpacker(int messageBytesMax)
{
    private readonly Dictionary<ProcessorId, Reassembly> _partial = [];
    private ProcessorId _source;
    private bool _swapped;
    private int _piece;
    private int _pieces;
    private int _offset;
    private int _index;
    private byte _fragment;
    private byte _continuation;
    private Reassembly? _finished;

    /// <summary>Why the last <see cref="TryNext"/> dropped a piece on its way; null when it did not.</summary>
    public DiscardReason? Discarded { get; private set; }

    /// <summary>Begins with a packet; false when it contradicts itself.</summary>
    public bool TryOpen(ProcessorId source, ReadOnlySpan<byte> packet, bool swapped)
    {
        if (!PacketReader.TryOpen(packet, swapped, out var reader))
            return false;
        (_source, _swapped, _piece, _pieces, _index) = (source, swapped, 0, reader.PieceCount, 0);
        (_offset, _fragment, _continuation) = (reader.FirstPieceOffset, reader.Fragment, reader.Continuation);
        return true;
    }

    /// <summary>Takes the next complete message out of the packet that was opened.</summary>
    /// <param name="packet">The same bytes again.</param>
    /// <param name="message">The message with its group addresses; valid until the next call.</param>
    /// <param name="index">Its place among the messages the packet completes.</param>
    /// <returns>False when the packet is through.</returns>
    public bool TryNext(ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> message, out int index)
    {
        message = default;
        Discarded = null;
        _finished?.Reset();
        _finished = null;
        while (_piece < _pieces)
        {
            var at = PacketFormat.HeaderBytes + 2 * _piece;
            var length = _swapped
                ? BinaryPrimitives.ReadUInt16BigEndian(packet[at..])
                : BinaryPrimitives.ReadUInt16LittleEndian(packet[at..]);
            var piece = packet.Slice(_offset, length);
            _offset += length;
            var isContinued = _piece == 0 && _continuation != 0;
            var isCut = _piece == _pieces - 1 && _fragment != 0;
            _piece++;
            if (TakePiece(piece, isContinued, isCut, out message))
            {
                index = _index++;
                return true;
            }

            // The end of a message whose beginning we lack still counts, or two members would
            // number the rest differently.
            if (!isCut)
                _index++;
        }

        Invariant.That(_pieces == 0 || _offset == packet.Length, "a packet is walked to its end");
        index = 0;
        return false;
    }

    /// <summary>A message that this processor had begun will not be continued.</summary>
    public void Forget(ProcessorId source) => _partial.Remove(source);

    private bool TakePiece(ReadOnlySpan<byte> piece, bool isContinued, bool isCut, out ReadOnlySpan<byte> message)
    {
        message = piece;
        if (!isContinued && !isCut)
        {
            // A packet that starts afresh ends whatever its sender had open.
            if (_partial.TryGetValue(_source, out var open) && open.Expected != 0)
                open.Reset();
            return true;
        }

        if (!_partial.TryGetValue(_source, out var partial))
            _partial.Add(_source, partial = new Reassembly(messageBytesMax));
        if (isContinued && partial.Expected != _continuation)
        {
            // We came while the message was on its way: only this tail is dropped, never the messages behind it.
            partial.Reset();
            Discarded = DiscardReason.FragmentWithoutStart;
            return false;
        }

        if (!isContinued)
            partial.Reset();
        if (!partial.TryAppend(piece))
        {
            Discarded = DiscardReason.MessageTooLong;
            return false;
        }

        if (isCut)
        {
            partial.ContinueAs(_fragment);
            return false;
        }

        message = partial.Message;
        _finished = partial;
        return true;
    }
}
