using System.Buffers.Binary;
using Totem.Accord.Clients;
using Totem.Accord.Components;
using Totem.Core.Diagnostics;

namespace Totem.Accord.Replication;

/// <summary>An entry of ours: whose it is and what it is for.</summary>
internal readonly record struct OwnEntry(EntryKind Kind, ClientSeat? Seat);

/// <summary>A batch of this conductor, until all of it has come back in the order.</summary>
internal sealed class OwnBatch
{
    /// <summary>The message, with room for its header.</summary>
    public byte[] Bytes { get; set; } = [];

    /// <summary>How long it is.</summary>
    public int LengthBytes { get; set; } = BatchHeader.LengthBytes;

    /// <summary>Its entries.</summary>
    public List<OwnEntry> Entries { get; } = [];

    /// <summary>Its number, once it was sent.</summary>
    public ulong Number { get; set; }

    /// <summary>It has come back. A part of a request stays until the request's last part comes back.</summary>
    public bool HasComeBack { get; set; }

    /// <summary>It is a part of a request, and not the last one.</summary>
    public bool IsInnerPart { get; set; }
}

/// <summary>
/// The batches of this conductor: one gathers entries while others are on their way. When the component changes, those
/// that did not come back are void everywhere, and go out anew under the new component's name, in the same order.
/// </summary>
internal sealed class OwnBatches
{
    /// <summary>A batch with so many bytes takes no further entry.</summary>
    public const int BatchBytes = 256 << 10;

    /// <summary>A longer request travels in parts of this length.</summary>
    public const int PartBytes = 512 << 10;

    /// <summary>How many may be on their way.</summary>
    public const int OnTheirWayMax = 8;

    private const int BuffersKeptMax = 2 * OnTheirWayMax;

    private readonly LinkedList<OwnBatch> _batches = [];
    private readonly Stack<OwnBatch> _free = [];
    private LinkedListNode<OwnBatch>? _unsent;
    private ulong _number;

    /// <summary>How many are on their way.</summary>
    public int OnTheirWayCount { get; private set; }

    /// <summary>Whether nothing waits here at all.</summary>
    public bool IsEmpty => _batches.Count == 0;

    /// <summary>The first batch that waits to be sent; null when there is none, or as many as may be are on their
    /// way.</summary>
    public OwnBatch? NextToSend =>
        OnTheirWayCount < OnTheirWayMax && _unsent?.Value is { Entries.Count: > 0 } batch ? batch : null;

    /// <summary>Puts an entry behind all others.</summary>
    public void Add(OwnEntry entry, ReadOnlySpan<byte> content)
    {
        if (content.Length > PartBytes)
        {
            AddParts(entry, content);
            return;
        }

        var batch = Gathering(BatchHeader.EntryHeaderBytes + content.Length);
        Append(batch, entry.Kind, content, default);
        batch.Entries.Add(entry);
    }

    /// <summary>Writes the header of the batch that goes out now, under the component's name.</summary>
    public ReadOnlySpan<byte> Seal(OwnBatch batch, ComponentId component)
    {
        if (batch.Number == 0)
            batch.Number = ++_number;
        new BatchHeader(component, batch.Number, (uint)batch.Entries.Count).Write(batch.Bytes);
        return batch.Bytes.AsSpan(0, batch.LengthBytes);
    }

    /// <summary>The first batch that waits is on its way.</summary>
    public void HandleSent(OwnBatch batch)
    {
        Invariant.That(_unsent?.Value == batch, "batches go out in their order");
        _unsent = _unsent.Next;
        OnTheirWayCount++;
    }

    /// <summary>The batch on its way that comes back next; null for a number that is not its.</summary>
    public OwnBatch? FindReturned(ulong number)
    {
        for (var node = _batches.First; node is not null && node != _unsent; node = node.Next)
        {
            if (!node.Value.HasComeBack)
                return node.Value.Number == number ? node.Value : null;
        }

        return null;
    }

    /// <summary>A batch has come back and was executed; so it is done, unless it is a part with others behind
    /// it.</summary>
    public void HandleReturned(OwnBatch batch)
    {
        batch.HasComeBack = true;
        OnTheirWayCount--;
        if (batch.IsInnerPart)
            return;
        while (_batches.First is { Value.HasComeBack: true } first)
        {
            _batches.RemoveFirst();
            Free(first.Value);
        }
    }

    /// <summary>Everything that is not done goes out anew: the component has changed.</summary>
    public void Rewind()
    {
        _unsent = _batches.First;
        OnTheirWayCount = 0;
        foreach (var batch in _batches)
            batch.HasComeBack = false;
    }

    /// <summary>Whether any of them is such a one.</summary>
    public bool Any(Func<ulong, bool> isSuch) => _batches.Any(x => isSuch(x.Number));

    /// <summary>Takes out everything.</summary>
    public List<OwnBatch> Clear()
    {
        List<OwnBatch> all = [.. _batches];
        _batches.Clear();
        _unsent = null;
        OnTheirWayCount = 0;
        return all;
    }

    private void AddParts(OwnEntry entry, ReadOnlySpan<byte> content)
    {
        Span<byte> total = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32LittleEndian(total, content.Length);
        for (var at = 0; at < content.Length; at += PartBytes)
        {
            var part = content.Slice(at, Math.Min(PartBytes, content.Length - at));
            var isLast = at + part.Length == content.Length;
            var batch = Open();
            Append(batch, EntryKind.Part, total, part);
            batch.Entries.Add(isLast ? entry : default);
            batch.IsInnerPart = !isLast;
        }
    }

    private static void Append(
        OwnBatch batch, EntryKind kind, ReadOnlySpan<byte> content, ReadOnlySpan<byte> more)
    {
        var length = content.Length + more.Length;
        var needed = batch.LengthBytes + BatchHeader.EntryHeaderBytes + length;
        if (batch.Bytes.Length < needed)
        {
            var bytes = batch.Bytes;
            Array.Resize(ref bytes, Math.Max(needed, Math.Min(2 * needed, BatchBytes + BatchHeader.LengthBytes)));
            batch.Bytes = bytes;
        }

        var span = batch.Bytes.AsSpan(batch.LengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(span, (uint)kind);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], length);
        content.CopyTo(span[BatchHeader.EntryHeaderBytes..]);
        more.CopyTo(span[(BatchHeader.EntryHeaderBytes + content.Length)..]);
        batch.LengthBytes = needed;
    }

    private OwnBatch Gathering(int more)
    {
        if (_unsent is not null && _batches.Last!.Value is { Number: 0, IsInnerPart: false } last
            && (last.Entries.Count == 0 || (last.LengthBytes + more <= BatchBytes)))
            return last;
        return Open();
    }

    private OwnBatch Open()
    {
        if (_unsent is not null && _batches.Last!.Value is { Number: 0, Entries.Count: 0 } empty)
            return empty;
        var batch = _free.TryPop(out var free) ? free : new OwnBatch();
        var node = _batches.AddLast(batch);
        _unsent ??= node;
        return batch;
    }

    private void Free(OwnBatch batch)
    {
        if (_free.Count == BuffersKeptMax || batch.Bytes.Length > BatchBytes + PartBytes)
            return;
        batch.Entries.Clear();
        batch.LengthBytes = BatchHeader.LengthBytes;
        (batch.Number, batch.HasComeBack, batch.IsInnerPart) = (0, false, false);
        _free.Push(batch);
    }
}
