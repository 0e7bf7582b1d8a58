using Totem.Core.Diagnostics;

namespace Totem.Transport.Knet.Aead;

/// <summary>Which of the latest counters of one life of a peer have come. A counter older than the window counts as
/// come.</summary>
internal sealed class ReplayWindow
{
    /// <summary>Packets may overtake each other by this many: messages of 64 KiB over links of different
    /// speed.</summary>
    public const int Counters = 16_384;

    private const int BitsPerWord = 64;

    private readonly ulong[] _seen = new ulong[Counters / BitsPerWord];

    /// <summary>The highest that has come.</summary>
    public ulong Highest { get; private set; }

    /// <summary>True when it has not come. Only what has proved authentic is marked afterwards.</summary>
    public bool IsNew(ulong counter)
    {
        if (counter > Highest)
            return true;
        return Highest - counter < Counters && (_seen[Word(counter)] & Bit(counter)) == 0;
    }

    public void Mark(ulong counter)
    {
        Invariant.That(IsNew(counter), "a counter comes once");
        if (counter > Highest)
        {
            Advance(counter);
            Highest = counter;
        }

        _seen[Word(counter)] |= Bit(counter);
    }

    /// <summary>Another life: everything up to this counter counts as come.</summary>
    public void Restart(ulong counter)
    {
        Array.Fill(_seen, ulong.MaxValue);
        Highest = counter;
    }

    private void Advance(ulong counter)
    {
        if (counter - Highest >= Counters)
        {
            Array.Clear(_seen);
            return;
        }

        for (var each = Highest + 1; each <= counter; each++)
            _seen[Word(each)] &= ~Bit(each);
    }

    private static int Word(ulong counter) => (int)(counter % Counters) / BitsPerWord;

    private static ulong Bit(ulong counter) => 1ul << (int)(counter % BitsPerWord);
}
