namespace Totem;

/// <summary>The guarantee that a sender asks for, per message (EVS94, delivery services). The values are those of the
/// wire.</summary>
public enum Guarantee
{
    /// <summary>Delivered in total order, once everything before it has been delivered.</summary>
    Agreed = 0,

    /// <summary>Agreed, and known to have been received by every member of the configuration it is
    /// delivered in.</summary>
    Safe = 1,
}

/// <summary>The values that a caller may ask for.</summary>
internal static class GuaranteeArgument
{
    /// <exception cref="ArgumentOutOfRangeException">It is a number without a meaning. Taken as agreed it would be a
    /// message that nobody asked for.</exception>
    public static void Check(Guarantee guarantee)
    {
        if (guarantee is not (Guarantee.Agreed or Guarantee.Safe))
        {
            throw new ArgumentOutOfRangeException(
                nameof(guarantee), $"the guarantee is {(int)guarantee}, expected {nameof(Guarantee.Agreed)} or "
                    + $"{nameof(Guarantee.Safe)}");
        }
    }
}
