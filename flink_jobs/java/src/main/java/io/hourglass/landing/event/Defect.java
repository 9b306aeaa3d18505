package io.hourglass.landing.event;

/**
 * Why and where a value is rejected. The first of several defects of the content counts; a defect that ends the scan
 * replaces it.
 */
final class Defect {
    private int begin;
    private Reason reason;
    private Contract.Field field;
    private int position;
    private String message;

    /** Start with a value that begins at this index and has no defect yet. */
    void clear(int newBegin) {
        begin = newBegin;
        reason = null;
    }

    boolean isFound() {
        return reason != null;
    }

    /** Record a defect unless there is one already. */
    void add(Reason newReason, int at, String newMessage) {
        add(newReason, null, at, newMessage);
    }

    /** Record a defect of a field of the contract unless there is a defect already. */
    void add(Reason newReason, Contract.Field newField, int at, String newMessage) {
        if (reason == null) {
            reason = newReason;
            field = newField;
            position = at - begin;
            message = newMessage;
        }
    }

    /** Record a defect in place of any other. */
    void replace(Reason newReason, int at, String newMessage) {
        reason = null;
        add(newReason, at, newMessage);
    }

    /** The code in lines and ledger entries. */
    String code() {
        return field == null ? reason.code() : reason.code(field.name());
    }

    /** Where and what is wrong; holds nothing of the value itself. */
    String detail() {
        return "byte " + position + ": " + message;
    }
}
