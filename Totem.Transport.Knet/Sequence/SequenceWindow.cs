namespace Totem.Transport.Knet.Sequence;

/// <summary>
/// Which of a peer's latest 4,096 numbers have been delivered, and of which a fragment has come (KNET §8.1). Numbers
/// are 16 bits and wrap; libknet never uses 0 for data, which here means that nothing is known yet.
/// </summary>
internal sealed class SequenceWindow
{
    public const int Numbers = 4096;

    private const int BitsPerWord = 64;

    private readonly ulong[] _delivered = new ulong[Numbers / BitsPerWord];
    private readonly ulong[] _begun = new ulong[Numbers / BitsPerWord];

    /// <summary>The latest number; 0 when there is none.</summary>
    public ushort Reference { get; private set; }

    /// <summary>How far the number lies behind the latest one, modulo 65,536.</summary>
    public int BehindReference(ushort seq) => (ushort)(Reference - seq);

    /// <summary>Looks a message up, and moves the window when the number is ahead of it.</summary>
    /// <returns>True when it has not been delivered.</returns>
    public bool IsUndelivered(ushort seq) => Look(_delivered, seq);

    /// <summary>The same for the first fragment of a message that comes.</summary>
    /// <returns>True when no fragment of it has come before.</returns>
    public bool IsNotBegun(ushort seq) => Look(_begun, seq);

    public void MarkDelivered(ushort seq) => Mark(_delivered, seq);

    public void MarkBegun(ushort seq) => Mark(_begun, seq);

    /// <summary>Forgets everything, and goes on from this number; 0 for none.</summary>
    public void Restart(ushort reference)
    {
        Array.Clear(_delivered);
        Array.Clear(_begun);
        Reference = reference;
    }

    private bool Look(ulong[] bits, ushort seq)
    {
        if (Reference == 0)
            Reference = seq;
        if (BehindReference(seq) <= Numbers)
            return !IsSet(bits, seq);
        if ((ushort)(seq - Reference) > Numbers)
        {
            Restart(seq);
            return true;
        }

        while (Reference != seq)
        {
            Reference++;
            Clear(_delivered, Reference);
            Clear(_begun, Reference);
        }

        return true;
    }

    private static bool IsSet(ulong[] bits, ushort seq) => (bits[Word(seq)] & Bit(seq)) != 0;

    private static void Mark(ulong[] bits, ushort seq) => bits[Word(seq)] |= Bit(seq);

    private static void Clear(ulong[] bits, ushort seq) => bits[Word(seq)] &= ~Bit(seq);

    private static int Word(ushort seq) => seq % Numbers / BitsPerWord;

    private static ulong Bit(ushort seq) => 1ul << (seq % BitsPerWord);
}
