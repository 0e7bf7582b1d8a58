namespace Totem.Core.Model;

/// <summary>What a sender asks for, per message (EVS94, delivery services). The values are those of the wire.</summary>
public enum Guarantee
{
    /// <summary>Delivered in total order, once everything before it has been delivered.</summary>
    Agreed = 0,

    /// <summary>Agreed, and known to have been received by every member of the configuration it is delivered in.</summary>
    Safe = 1,
}
