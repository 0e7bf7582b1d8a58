namespace Totem.Transport.Knet.Links;

/// <summary>The numbers of the messages that this member sends, to whomever: 1 to 65,535, then 1 again
/// (KNET §7, step 6).</summary>
internal sealed class SendSequence(ushort last = 0)
{
    /// <summary>The number of the last message; 0 before the first.</summary>
    public ushort Last { get; private set; } = last;

    public ushort Next()
    {
        Last++;
        if (Last == 0)
            Last++;
        return Last;
    }
}
