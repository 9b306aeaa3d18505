package io.hourglass.landing.chain;

import java.util.Objects;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * The type of objects that one operator passes to the next in the same chain, by reference.
 *
 * <p>Its serializer throws. A job without the chain (different parallelism, no object reuse, no chaining) fails with
 * its first record instead of losing the order of commits that the ledger relies on.
 */
public final class ByReference<T> extends TypeInformation<T> {
    private static final long serialVersionUID = 1;

    private final Class<T> type;

    public ByReference(Class<T> type) {
        this.type = type;
    }

    @Override
    public TypeSerializer<T> createSerializer(SerializerConfig config) {
        return new ForbiddenSerializer<>(type);
    }

    @Override
    public boolean isBasicType() {
        return false;
    }

    @Override
    public boolean isTupleType() {
        return false;
    }

    @Override
    public int getArity() {
        return 1;
    }

    @Override
    public int getTotalFields() {
        return 1;
    }

    @Override
    public Class<T> getTypeClass() {
        return type;
    }

    @Override
    public boolean isKeyType() {
        return false;
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof ByReference;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ByReference<?> that && that.type == type;
    }

    @Override
    public int hashCode() {
        return Objects.hash(type);
    }

    @Override
    public String toString() {
        return "ByReference(" + type.getSimpleName() + ")";
    }

    private static final class ForbiddenSerializer<T> extends TypeSerializer<T> {
        private static final long serialVersionUID = 1;

        private final Class<T> type;

        ForbiddenSerializer(Class<T> type) {
            this.type = type;
        }

        private UnsupportedOperationException outsideOfTheChain() {
            return new UnsupportedOperationException(
                    type.getSimpleName() + " must stay inside one operator chain: keep object reuse and chaining on and "
                            + "give source, operator and sinks the same parallelism");
        }

        @Override
        public boolean isImmutableType() {
            return false;
        }

        @Override
        public TypeSerializer<T> duplicate() {
            return this;
        }

        @Override
        public T createInstance() {
            throw outsideOfTheChain();
        }

        @Override
        public T copy(T from) {
            throw outsideOfTheChain();
        }

        @Override
        public T copy(T from, T reuse) {
            throw outsideOfTheChain();
        }

        @Override
        public int getLength() {
            return -1;
        }

        @Override
        public void serialize(T record, DataOutputView target) {
            throw outsideOfTheChain();
        }

        @Override
        public T deserialize(DataInputView source) {
            throw outsideOfTheChain();
        }

        @Override
        public T deserialize(T reuse, DataInputView source) {
            throw outsideOfTheChain();
        }

        @Override
        public void copy(DataInputView source, DataOutputView target) {
            throw outsideOfTheChain();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ForbiddenSerializer<?> that && that.type == type;
        }

        @Override
        public int hashCode() {
            return Objects.hash(type);
        }

        @Override
        public TypeSerializerSnapshot<T> snapshotConfiguration() {
            throw outsideOfTheChain();
        }
    }
}
