namespace Totem.Core.Wire;

/// <summary>
/// A datagram that has been decoded. Its kind says which of the other fields are filled, and it is valid for as long as
/// its bytes are. The decoders write into the fields, so that nothing is copied on the hot path.
/// </summary>
internal ref struct Frame
{
    public FrameHeader Header;
    public ReadOnlySpan<byte> Bytes;
    public RegularToken Token;
    public RetransmitRequestList Requests;
    public RegularMessage Message;
    public MergeDetect MergeDetect;
    public MergeTrailer? MergeTrailer;
    public JoinMessage? Join;
    public CommitToken? CommitToken;
    public HoldCancel HoldCancel;
    public TokenLoan Loan;

    public readonly FrameKind Kind => Header.Kind;

    /// <summary>The processor that is named as its sender: of a multicast the one that numbered it, of a token the last
    /// one that had it.</summary>
    public readonly ProcessorId Sender => Kind switch
    {
        FrameKind.RegularMessage => Message.System,
        FrameKind.MergeDetect => MergeDetect.System,
        FrameKind.Join => Join!.System,
        _ => Header.Node,
    };

    /// <summary>The ring that it names; a join names none.</summary>
    public readonly RingId Ring => Kind switch
    {
        FrameKind.RegularToken => Token.Ring,
        FrameKind.RegularMessage => Message.Ring,
        FrameKind.MergeDetect => MergeDetect.Ring,
        FrameKind.CommitToken => CommitToken!.Ring,
        FrameKind.HoldCancel => HoldCancel.Ring,
        FrameKind.TokenLoan => Loan.Ring,
        _ => default,
    };

    /// <summary>Decodes a datagram whose header has been read.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> datagram, in FrameHeader header, out Frame frame)
    {
        frame = default;
        frame.Header = header;
        frame.Bytes = datagram;
        return header.Kind switch
        {
            FrameKind.RegularToken => RegularToken.TryRead(datagram, out frame.Token, out frame.Requests),
            FrameKind.RegularMessage => RegularMessage.TryRead(datagram, out frame.Message),
            FrameKind.MergeDetect => MergeDetect.TryRead(datagram, out frame.MergeDetect, out frame.MergeTrailer),
            FrameKind.Join => JoinMessage.TryRead(datagram, out frame.Join),
            FrameKind.CommitToken => CommitToken.TryRead(datagram, out frame.CommitToken),
            FrameKind.TokenLoan => TokenLoan.TryRead(datagram, out frame.Loan),
            _ => HoldCancel.TryRead(datagram, out frame.HoldCancel),
        };
    }
}
