using System.Buffers;
using Totem.Core.Wire;

namespace Totem.Tests.Core.Wire;

/// <summary>A frame of any kind, decoded: what a test compares, describes and encodes again.</summary>
internal abstract record AnyFrame(FrameHeader Header)
{
    /// <summary>Reads a frame by the kind in its header, as a host does.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> bytes, out AnyFrame? frame)
    {
        frame = null;
        var result = FrameHeader.TryRead(bytes, out var header);
        if (result != DecodeResult.Ok)
            return result;
        switch (header.Kind)
        {
            case FrameKind.RegularToken:
                result = RegularToken.TryRead(bytes, out var token, out var requests);
                frame = new TokenFrame(token, List(requests));
                break;
            case FrameKind.RegularMessage:
                result = RegularMessage.TryRead(bytes, out var message);
                frame = new MessageFrame(message, bytes[WireFormat.RegularMessageHeaderBytes..].ToArray());
                break;
            case FrameKind.MergeDetect:
                result = MergeDetect.TryRead(bytes, out var detect, out var trailer);
                frame = new MergeFrame(detect, trailer);
                break;
            case FrameKind.Join:
                result = JoinMessage.TryRead(bytes, out var join);
                frame = join is null ? null : new JoinFrame(join);
                break;
            case FrameKind.CommitToken:
                result = CommitToken.TryRead(bytes, out var commit);
                frame = commit is null ? null : new CommitFrame(commit);
                break;
            case FrameKind.HoldCancel:
                result = HoldCancel.TryRead(bytes, out var cancel);
                frame = new HoldCancelFrame(cancel);
                break;
            case FrameKind.TokenLoan:
                result = TokenLoan.TryRead(bytes, out var loan);
                frame = new LoanFrame(loan);
                break;
        }

        if (result != DecodeResult.Ok)
            frame = null;
        return result;
    }

    /// <summary>Reads a frame that must be well formed.</summary>
    public static AnyFrame Read(ReadOnlySpan<byte> bytes)
    {
        var result = TryRead(bytes, out var frame);
        Assert.Equal(DecodeResult.Ok, result);
        return frame!;
    }

    /// <summary>The frame as bytes.</summary>
    public byte[] Encode()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(WireFormat.MaxFrameBytes);
        var writer = new WireWriter(buffer);
        Write(ref writer);
        var bytes = buffer[..writer.WrittenBytes];
        ArrayPool<byte>.Shared.Return(buffer);
        return bytes;
    }

    /// <summary>The same values as if a little-endian machine had sent them.</summary>
    public abstract AnyFrame AsLittleEndian();

    protected FrameHeader LittleEndianHeader => Header with { Swapped = false };

    protected abstract void Write(ref WireWriter writer);

    private static EquatableArray<RetransmitRequest> List(RetransmitRequestList requests)
    {
        var list = new RetransmitRequest[requests.Count];
        for (var i = 0; i < list.Length; i++)
            list[i] = requests[i];
        return new(list);
    }
}

/// <summary>An array that is equal to another one with the same elements.</summary>
internal readonly struct EquatableArray<T>(T[] items) : IEquatable<EquatableArray<T>>
    where T : IEquatable<T>
{
    public T[] Items => items;

    public bool Equals(EquatableArray<T> other) => items.AsSpan().SequenceEqual(other.Items);

    public override bool Equals(object? obj) => obj is EquatableArray<T> other && Equals(other);

    public override int GetHashCode() => items.Length;

    public static implicit operator EquatableArray<T>(T[] items) => new(items);

    public override string ToString() => $"[{string.Join(", ", items)}]";
}

internal sealed record TokenFrame(RegularToken Token, EquatableArray<RetransmitRequest> Requests)
    : AnyFrame(Token.Header)
{
    public override AnyFrame AsLittleEndian() => new TokenFrame(Token with { Header = LittleEndianHeader }, Requests);

    protected override void Write(ref WireWriter writer)
    {
        Token.Write(ref writer);
        foreach (var request in Requests.Items)
            request.Write(ref writer);
    }
}

internal sealed record MessageFrame(RegularMessage Message, EquatableArray<byte> Payload) : AnyFrame(Message.Header)
{
    public override AnyFrame AsLittleEndian() =>
        new MessageFrame(Message with { Header = LittleEndianHeader }, Payload);

    protected override void Write(ref WireWriter writer)
    {
        Message.Write(ref writer);
        writer.Bytes(Payload.Items);
    }
}

internal sealed record MergeFrame(MergeDetect Detect, MergeTrailer? Trailer) : AnyFrame(Detect.Header)
{
    public override AnyFrame AsLittleEndian() => new MergeFrame(Detect with { Header = LittleEndianHeader }, Trailer);

    protected override void Write(ref WireWriter writer)
    {
        Detect.Write(ref writer);
        Trailer?.Write(ref writer);
    }
}

internal sealed record JoinFrame(JoinMessage Join) : AnyFrame(Join.Header)
{
    public override AnyFrame AsLittleEndian() => new JoinFrame(Join with { Header = LittleEndianHeader });

    protected override void Write(ref WireWriter writer) => Join.Write(ref writer);
}

internal sealed record CommitFrame(CommitToken Commit) : AnyFrame(Commit.Header)
{
    public override AnyFrame AsLittleEndian() => new CommitFrame(Commit with { Header = LittleEndianHeader });

    protected override void Write(ref WireWriter writer) => Commit.Write(ref writer);
}

internal sealed record HoldCancelFrame(HoldCancel Cancel) : AnyFrame(Cancel.Header)
{
    public override AnyFrame AsLittleEndian() => new HoldCancelFrame(Cancel with { Header = LittleEndianHeader });

    protected override void Write(ref WireWriter writer) => Cancel.Write(ref writer);
}

internal sealed record LoanFrame(TokenLoan Loan) : AnyFrame(Loan.Header)
{
    public override AnyFrame AsLittleEndian() => new LoanFrame(Loan with { Header = LittleEndianHeader });

    protected override void Write(ref WireWriter writer) => Loan.Write(ref writer);
}
